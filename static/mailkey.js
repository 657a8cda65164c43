// The sixth digit sends the code. Not at once: what is pasted twice, or pressed meanwhile, is seen first, and the form
// is sent once only (forms.js). It is said beside the field, to who cannot see the page too.
const BEFORE_SENDING = 600; // ms
for (const field of document.querySelectorAll("[name=code][data-sends]")) {
  const said = document.createElement("div");
  said.id = `${field.id}_sends`;
  said.className = "form-text";
  said.textContent = field.dataset.sends;
  field.after(said);
  field.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), said.id].filter(Boolean).join(" "));
  let timer;
  field.addEventListener("input", (event) => {
    clearTimeout(timer);
    const isWhole = /^\d{6}$/.test(field.value.normalize("NFKC").replace(/\s/g, ""));
    if (isWhole && !event.isComposing) timer = setTimeout(() => field.form.requestSubmit(), BEFORE_SENDING);
  });
  field.form.addEventListener("submit", () => clearTimeout(timer)); // or it would go on when the page comes back by Back
  field.addEventListener("compositionend", () => field.dispatchEvent(new Event("input")));
}

// The button that sends a code: it counts down, and asks by itself where nothing else is left to do. The server enforces
// the wait; without this script the button stays usable.
const sender = document.querySelector("[name=send]");
if (sender) {
  const code = document.querySelector("[name=code]");
  const number = sender.form.elements.number; // another number need not wait
  const seconds = document.querySelectorAll(".seconds");
  let end = Date.now() + 1000 * (sender.dataset.countdown ?? 0);
  let locked = false;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    const waits = left > 0 && (!number || number.value === number.defaultValue);
    for (const part of seconds) part.textContent = part.textContent.replace(/\d+/, Math.max(left, 0));
    const label = sender.querySelector(".countdown");
    if (label) label.hidden = !waits;
    if (left <= 0) label?.remove();
    if (waits !== locked) sender.disabled = locked = waits;
    if (left > 0) setTimeout(tick, 250);
    else if ("asks" in sender.dataset && !code?.value) sender.form.requestSubmit(sender);
  };
  if (sender.dataset.countdown) tick();
  // The page learned that the SMS certainly failed: the way on is another one, at once.
  document.addEventListener("htmx:afterSwap", () => {
    const delivery = document.querySelector("#delivery[data-state=failed]");
    if (!delivery) return;
    end = Date.now() + 1000 * delivery.dataset.resendIn;
    sender.classList.replace("btn-outline-secondary", "btn-primary");
    tick();
    if (!sender.disabled && !code?.value) sender.focus();
  });
}
