// Security keys: hands the browser what the router asks, and the router what the key answers (WebAuthn level 2).
(() => {
  "use strict";
  const form = document.querySelector("form[data-key]");
  if (!form || !window.PublicKeyCredential) return;
  const button = form.querySelector("button.main"), failed = form.querySelector(".failed-key");

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  function asked() {
    const options = JSON.parse(form.dataset.options);
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const key of options.excludeCredentials || options.allowCredentials || []) key.id = bytes(key.id);
    return options;
  }

  async function use(event) {
    event.preventDefault(); // what is sent comes from the key
    failed.hidden = true;
    button.disabled = true;
    try {
      const key = await navigator.credentials[form.dataset.key]({ publicKey: asked() });
      const response = {};
      for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature"])
        if (key.response[part]) response[part] = text(key.response[part]);
      form.elements.key.value = JSON.stringify({ id: key.id, rawId: text(key.rawId), type: key.type, response });
      form.submit();
    } catch (refused) {
      failed.hidden = false;
      button.disabled = false;
      button.focus();
    }
  }

  form.querySelector(".no-script").hidden = true;
  button.hidden = false;
  form.addEventListener("submit", use);
})();
