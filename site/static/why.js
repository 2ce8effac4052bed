export function begin(place, model) { model.wake(); }
