// A page of the site comes alive.

import { enliven, sayState } from "./page.js";
import { followTheme } from "./widgets.js";

followTheme();
sayState();
await enliven();
