// What was typed into a form that came too late goes back into its fields, where they are still empty.
"use strict";

(() => {
  for (const text of document.querySelectorAll("[data-typed]")) {
    const field = document.querySelector(`form[method=post] [name="${CSS.escape(text.dataset.typed)}"]:not([type=hidden])`);
    if (field?.matches("input:not([type=checkbox], [type=radio]), textarea") && !field.value) field.value = text.textContent;
  }
})();
