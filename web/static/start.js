// Starts the app; what goes wrong is said on the page.
import init from "./app.js";

try {
  await init();
} catch (error) {
  const words = document.createElement("p");
  words.className = "starting";
  words.setAttribute("role", "alert");
  words.textContent = `Fleetcast could not start: ${error.message}. A current Firefox, Chrome, Edge or Safari is needed.`;
  document.querySelector("#app").replaceChildren(words);
}
