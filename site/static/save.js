// What a person takes away from a page, and what this browser keeps of it.

export function save(name, content, type) {
  const link = document.createElement("a");
  link.download = name;
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// A browser that keeps nothing, or is full, loses only the keeping. Was it kept?
export function keep(name, text) {
  try { localStorage.setItem(name, text); } catch { /* told below */ }
  return kept(name) === text;
}

export const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
