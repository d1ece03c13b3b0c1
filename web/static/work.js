// The worker: the simulator, away from the page.
import init, { serve } from "./worker.js";

await init();
serve();
