// Counts down on the button that sends a code. The server enforces the wait; without this script the button stays usable.
for (const button of document.querySelectorAll("[data-countdown]")) {
  const label = button.querySelector(".countdown");
  const text = label.textContent;
  const end = Date.now() + 1000 * button.dataset.countdown;
  button.disabled = true;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left > 0) {
      label.textContent = text.replace(/\d+/, left);
      setTimeout(tick, 250);
    } else {
      label.remove();
      button.disabled = false;
    }
  };
  tick();
}
