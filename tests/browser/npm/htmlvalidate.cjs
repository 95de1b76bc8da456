// What is valid but of another taste is off, and so is what the page does on purpose.
module.exports = {
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    "doctype-style": ["error", { style: "lowercase" }],
    "void-style": ["error", { style: "omit" }],
    "no-trailing-whitespace": "off",
    // A telephone number is held together by the style, and copied as people type it.
    "tel-non-breaking": "off",
    // Only where no script runs: a state that is minutes old would be worse than a reload.
    "meta-refresh": "off",
  },
};
