// A session in which nothing is done ends. Before, the page says so, and asks whether somebody is still there; another tab
// may have gone on meanwhile, so it asks the server first. Afterwards what it shows goes, unless something is typed in it.
"use strict";

(() => {
  const notice = document.querySelector("#idle");
  const [soon, over] = [notice.querySelector("[data-soon]"), notice.querySelector("[data-over]")];
  const [left, stay] = [notice.querySelector(".idle-left"), notice.querySelector("button")];
  const BEFORE = Math.min(120, notice.dataset.left / 2); // s
  const AGAIN = 10_000; // ms; the server gave no answer
  let end = Date.now() + 1000 * notice.dataset.left;
  let isKnown = false; // the server says so too
  let isAsking = false;

  const ask = async (method) => {
    const headers = { "X-By-Itself": "1", "X-CSRFToken": notice.dataset.token };
    const answer = await fetch(notice.dataset.url, { method, headers, cache: "no-store" });
    if (answer.status >= 500) throw new Error("no answer");
    return answer.redirected || !answer.ok ? 0 : (await answer.json()).left;
  };
  const learn = (seconds) => {
    if (!seconds) return leave();
    end = Date.now() + 1000 * seconds;
    isKnown = seconds <= BEFORE;
    show();
  };
  const look = (method) => {
    if (isAsking) return;
    isAsking = true;
    const done = () => { isAsking = false; };
    ask(method).then((seconds) => { done(); learn(seconds); }, () => setTimeout(done, AGAIN));
  };

  const isTyped = (field) => field.type !== "hidden" && field.value !== field.defaultValue;
  const leave = () => {
    clearInterval(timer);
    if (![...document.querySelectorAll("form[method=post] :is(input, textarea)")].some(isTyped)) {
      location.replace(location.pathname + location.search);
      return;
    }
    stay.hidden = left.hidden = soon.hidden = true;
    over.hidden = notice.hidden = false;
  };
  const show = () => {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    notice.hidden = soon.hidden = !isKnown;
    if (seconds > BEFORE) return;
    const shown = Math.max(seconds, 0);
    left.textContent = `${Math.floor(shown / 60)}:${String(shown % 60).padStart(2, "0")}`;
    if (!isKnown || seconds <= 0) look("GET");
  };
  stay.addEventListener("click", () => look("POST"));
  const timer = setInterval(show, 1000);
})();
