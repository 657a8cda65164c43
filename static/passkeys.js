// A passkey is asked by the browser, and its answer goes back by the form. Bytes travel as base64url in JSON, put
// together by hand: not every browser that knows passkeys knows how to do that.
const said = document.querySelector("[data-passkey-error]");
const form = document.querySelector("[data-passkey]");

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  buffer && btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const named = (passkeys) => passkeys?.map((passkey) => ({ ...passkey, id: bytes(passkey.id) }));

const ask = () => {
  const asks = JSON.parse(form.dataset.passkey);
  const publicKey = { ...asks, challenge: bytes(asks.challenge) };
  if (!asks.user) return navigator.credentials.get({ publicKey: { ...publicKey, allowCredentials: named(asks.allowCredentials) } });
  publicKey.user = { ...asks.user, id: bytes(asks.user.id) };
  return navigator.credentials.create({ publicKey: { ...publicKey, excludeCredentials: named(asks.excludeCredentials) } });
};

const answer = ({ id, rawId, type, response }) => JSON.stringify({
  id,
  rawId: text(rawId),
  type,
  response: {
    clientDataJSON: text(response.clientDataJSON),
    attestationObject: text(response.attestationObject),
    transports: response.getTransports?.(),
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    userHandle: text(response.userHandle) || undefined,
  },
});

// Cancelled, too slow and without a passkey are one error, so that no site can tell who has which.
const WHY = { NotAllowedError: "stopped", AbortError: "stopped", InvalidStateError: "held", SecurityError: "elsewhere",
  NotSupportedError: "weak", ConstraintError: "weak" };
const say = (why) => {
  said.textContent = said.dataset[why];
  said.hidden = false;
};

if (form && window.PublicKeyCredential) {
  const field = form.elements.answer;
  let asking = false;
  form.hidden = false;
  form.querySelector("[autofocus]")?.focus();
  form.addEventListener("submit", async (event) => {
    if (field.value) return; // on its way, and forms.js sees to it that it goes once
    event.preventDefault();
    if (asking) return;
    asking = said.hidden = true;
    try {
      field.value = answer(await ask());
      form.requestSubmit();
    } catch (error) {
      say(WHY[error.name] ?? "failed");
    }
    asking = false;
  });
  addEventListener("pageshow", () => { field.value = ""; }); // by Back: what was answered counts no more
} else if (form) say(window.isSecureContext ? "unsupported" : "elsewhere");

// Beside the field of a code: a passkey among what the browser fills in, where it can do that. Whatever comes of it but an
// answer is silent: the field is there.
const offer = document.querySelector("[data-passkey-offer]");

const offered = async (signal) => {
  if (!(await window.PublicKeyCredential?.isConditionalMediationAvailable?.())) return null;
  const asks = JSON.parse(offer.dataset.passkeyOffer);
  return navigator.credentials.get({ mediation: "conditional", signal, publicKey: { ...asks, challenge: bytes(asks.challenge) } });
};

if (offer) {
  const code = document.querySelector("[name=code]")?.form;
  let stop;
  addEventListener("submit", () => stop?.abort()); // the code, or another one: one answer is enough
  addEventListener("pagehide", () => stop?.abort());
  addEventListener("pageshow", async () => { // by Back, too
    stop = new AbortController();
    offer.elements.answer.value = "";
    try {
      const found = await offered(stop.signal);
      if (!found) return;
      offer.elements.answer.value = answer(found);
      if (offer.elements.trust_browser) offer.elements.trust_browser.disabled = !code?.elements.trust_browser?.checked;
      offer.requestSubmit();
    } catch { /* not chosen, or not at hand */ }
  });
}
