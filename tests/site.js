// What tests/test_site_in_browser.py measures in a page of the built book.

const shown = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
const called = (node) => `${node.localName}.${node.className}: ${(node.textContent || "").trim().slice(0, 50)}`;
const within = (selector) => [...document.querySelectorAll(selector)].filter(shown);
const scrolls = (node) => ["auto", "scroll"].includes(getComputedStyle(node).overflowX);

const site = {
  /** What reaches over the right edge of the window, and does not stand in a box that scrolls. */
  cut() {
    const width = document.documentElement.clientWidth;
    return within(".bd-main *").filter((node) => {
      const { right, height } = node.getBoundingClientRect();
      if (right <= width + 1 || height === 0) return false;
      let box = node.parentElement;
      while (box !== document.body && !scrolls(box)) box = box.parentElement;
      return box === document.body || box.getBoundingClientRect().right > width + 1;
    }).map(called);
  },

  /** Open every box, and wait until what is in it is drawn. */
  async open() {
    document.querySelectorAll(".bd-main details").forEach((box) => (box.open = true));
    await Promise.all([...document.images].map((image) => image.decode().catch(() => 0)));
    await new Promise(requestAnimationFrame);
  },

  /** Pictures that reach over the window, or over a box that cuts them. In one that scrolls they are not cut. */
  cutPictures() {
    return within(".bd-article :is(img, svg):not(mjx-container *)").filter((node) => {
      let box = node.parentElement;
      while (box !== document.body && getComputedStyle(box).overflowX === "visible") box = box.parentElement;
      const edge = box.getBoundingClientRect();
      const { left, right } = (scrolls(box) ? box : node).getBoundingClientRect();
      const from = Math.max(0, edge.left), to = Math.min(document.documentElement.clientWidth, edge.right);
      return right > left && (left < from - 1 || right > to + 1);
    }).map((node) => node.alt || called(node));
  },

  /** Numbers, such as 1e-5, and options of commands, such as --help, within which a line ends; but for 0.0000000000000002. */
  broken() {
    const longest = 12;  // characters: two columns of longer ones are wider than a telephone
    const whole = /(?<![\w.\/-])(?:[-\u2212]?\d(?:[\d.,]*\d)?(?:e[-+]?\d+)?|--\w[\w-]*)(?!\w)/g;
    const found = [], range = document.createRange();
    const lines = () => new Set([...range.getClientRects()].filter(({ width }) => width > 0).map(({ top }) => Math.round(top))).size;
    const texts = document.createTreeWalker(document.querySelector(".bd-article"), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      range.selectNodeContents(text);
      if (text.parentElement.closest("mjx-container, script, style, pre") || lines() < 2) continue;
      for (const { 0: word, index } of text.data.matchAll(whole)) {
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        if (lines() > 1 && word.length <= longest) found.push(`${word} in ${text.data.slice(Math.max(0, index - 20), index + 40)}`);
      }
    }
    return found;
  },

  /** Labels in the tables of checks that have less room than a few pixels. */
  squeezed(pixels) {
    const labels = within("details.published-check tbody th");
    return labels.filter((node) => node.getBoundingClientRect().width < pixels).map(called);
  },

  /** Printouts, code, tables and formulas that are wider than their box; but for formulas with a caret below. */
  scrolling() {
    const boxes = within(".bd-article :is(pre, table, div.math, .text_html, .pst-scrollable-table-container)");
    const wide = boxes.filter((node) => scrolls(node) && node.scrollWidth > node.clientWidth + 1);
    return wide.filter((node) => !/^ *\^$/m.test(node.textContent)).map(called);
  },

  /** Formulas that are not drawn, or drawn as an error. */
  formulas() {
    const undrawn = [...document.querySelectorAll(".math")].filter((node) => !node.querySelector("mjx-container"));
    const wrong = document.querySelectorAll('[data-mml-node="merror"], mjx-container g[fill="red"]');
    return [...undrawn, ...wrong].map(called);
  },

  /** Formulas on lines of their own that are wider than the page has room for. */
  cutFormulas() {
    const right = (node) => node.getBoundingClientRect().right;
    return within(".bd-article div.math").filter((node) => {
      const drawn = node.querySelector("mjx-container > :is(svg, mjx-math)");
      return drawn && right(drawn) > right(node) + 1;
    }).map(called);
  },

  /** Figures, each with its file, its size in the file and the width it is shown at. */
  figures() {
    return within(".bd-article img").map((image) => ({
      file: image.currentSrc, width: image.getBoundingClientRect().width,
      natural: [image.naturalWidth, image.naturalHeight], filter: getComputedStyle(image).filter,
    }));
  },

  /** Boxes of text that are light where the page is dark. */
  slabs() {
    const light = (colour) => {
      const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
      return alpha > 0.3 && Math.min(red, green, blue) > 140;
    };
    return within(".bd-article *:not(img)").filter((node) => light(getComputedStyle(node).backgroundColor)).map(called);
  },

  /** Choose a language in the tabs; how many outputs are shown, and the languages of the code in the tabs. */
  async choose(label) {
    [...document.querySelectorAll(".sd-tab-set > label")].find((tab) => tab.textContent.trim() === label)?.click();
    await new Promise(requestAnimationFrame);
    const code = within(".sd-tab-content div[class*='highlight-']");
    return {
      outputs: within(".cell_output").length,
      figures: within(".cell_output img").length,
      languages: [...new Set(code.map((node) => node.className.match(/highlight-(\w+)/)[1]))].sort(),
    };
  },

  /** One text of each kind: of its boxes' names and colours. The contrast of one is that of all. */
  kinds() {
    const found = new Map();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const node = texts.currentNode.parentElement;
      if (!texts.currentNode.data.trim() || node.closest("mjx-container") || !shown(node)) continue;
      let kind = getComputedStyle(node).color;
      for (let box = node; box !== document.body; box = box.parentElement) {
        kind += ` ${box.localName}.${box.className} ${getComputedStyle(box).backgroundColor}`;
      }
      if (!found.has(kind)) found.set(kind, node);
    }
    return [...found.values()];
  },

  /** What axe finds, by its rules on contrast, or by all others; drawings of
   *  formulas, rows of long tables and colours of code left out, which would take most of the time. */
  async faults(contrast) {
    const rule = "color-contrast";
    const tell = ({ impact, id, help, nodes }) => ({ impact, id, help, at: nodes.slice(0, 3).map((node) => node.html) });
    document.head.appendChild(document.createElement("style")).textContent = "* { transition: none !important; animation: none !important }";
    if (contrast) return (await axe.run({ include: site.kinds() }, { runOnly: [rule] })).violations.map(tell);
    document.querySelectorAll("mjx-container > svg, tbody tr:nth-child(n + 15)").forEach((node) => node.remove());
    document.querySelectorAll(".highlight pre").forEach((node) => (node.textContent = node.textContent));
    const found = await axe.run(document, { resultTypes: ["violations"], rules: { [rule]: { enabled: false } } });
    return found.violations.map(tell);
  },
};
