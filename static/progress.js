// A page about long work shows how it goes on. Without this, its link "look again" does.
"use strict";

(() => {
  const part = () => document.querySelector("#progress[data-reload]");
  const look = async () => {
    const page = await fetch(location.href, { headers: { Accept: "text/html", "X-By-Itself": "1" } });
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("#progress[data-reload]");
    if (!fresh) {
      location.reload(); // it is over
      return;
    }
    const bar = part().querySelector("progress");
    const now = fresh.querySelector("progress");
    bar.max = now.max;
    bar.value = now.value;
    const [text, words] = [part().querySelector("p"), fresh.querySelector("p")];
    if (text.textContent !== words.textContent) text.textContent = words.textContent;
    wait();
  };
  const wait = () => setTimeout(() => look().catch(wait), part().dataset.reload * 1000);
  if (part()) wait();
})();
