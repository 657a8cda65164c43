// What is sent once is not sent twice: from the first press on, the forms of the page wait for the answer, and say so.
// Without this script the server answers a second press as it answered the first.
"use strict";

(() => {
  const words = document.currentScript.dataset.wait;
  const FILE = 2_000; // ms; an answer that is a file leaves the page as it is
  const LOST = 10_000; // ms; no answer came: it may be tried again
  let undo = null;
  let timer;

  const said = document.createElement("div"); // to screen readers
  said.setAttribute("role", "alert");
  said.className = "visually-hidden";
  said.textContent = words;

  const lock = (button) => {
    const label = [...button.childNodes];
    const wide = button.style.minWidth;
    button.style.minWidth = `${button.offsetWidth}px`;
    button.setAttribute("aria-disabled", "true");
    if (button.tagName === "BUTTON") button.replaceChildren(words);
    document.body.append(said);
    return () => {
      button.style.minWidth = wide;
      button.removeAttribute("aria-disabled");
      if (button.tagName === "BUTTON") button.replaceChildren(...label);
      said.remove();
    };
  };
  const unlock = () => {
    clearTimeout(timer);
    undo?.();
    undo = null;
  };

  addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    if (undo) {
      event.preventDefault();
      return;
    }
    const button = event.submitter ?? form.querySelector("[type=submit]") ?? form;
    undo = () => {};
    // The form is put together after this; what its button is called and worth goes along.
    setTimeout(() => { undo &&= lock(button); });
    timer = setTimeout(unlock, "file" in form.dataset ? FILE : LOST);
  });
  addEventListener("pageshow", unlock); // by Back, as it was left

  // What came back with a mistake is typed over, not appended to; and Back or Reload show the page, and send nothing again.
  const wrong = document.querySelector("[autofocus][aria-invalid]");
  wrong?.focus();
  wrong?.select();
  if (document.querySelector("[aria-invalid], [data-seconds]")) history.replaceState(null, "", location.href);
})();
