// What the test of the report asks the browser, as functions of the page.
(() => {
  const box = element => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return { left: left + scrollX, top: top + scrollY, width, height };
  };
  const path = element => element.closest("[id]")?.id + " " + element.tagName + " '" + element.textContent.trim().slice(0, 40) + "'";
  const isShown = element => element.checkVisibility({ checkVisibilityCSS: true });

  // Words in figures that lie outside of their figure, or on each other.
  const strayWords = () => [...document.querySelectorAll("figure")].filter(isShown).flatMap(figure => {
    const outer = figure.getBoundingClientRect();
    const words = [...figure.querySelectorAll("svg text")].map(word => [word, word.getBoundingClientRect()]);
    const found = words.filter(([, inner]) =>
      inner.left < outer.left || inner.right > outer.right || inner.top < outer.top || inner.bottom > outer.bottom)
      .map(([word]) => "outside of its figure: " + path(word));
    words.forEach(([word, one], index) => {
      for (const [other, two] of words.slice(index + 1)) {
        const width = Math.min(one.right, two.right) - Math.max(one.left, two.left);
        // A box of words is higher than they are.
        const height = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
        if (width > 0.5 && height > 2) found.push("on each other: " + path(word) + " and " + path(other));
      }
    });
    return found;
  });

  // Elements that reach beyond the page's sides, but for those in what scrolls by itself, and words that are cut off.
  const wideElements = () => [...document.body.querySelectorAll("*")].filter(isShown).flatMap(element => {
    const { left, right, width } = element.getBoundingClientRect();
    const isInside = element.parentElement.closest(".scroll") !== null;
    if (!isInside && width > 0 && (left < -0.5 || right > document.documentElement.clientWidth + 0.5)) return ["beyond the page: " + path(element)];
    const cuts = element instanceof HTMLElement && !element.classList.contains("scroll")
      && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1 && element.querySelector("svg") === null;
    return cuts && !isInside ? ["wider than its place: " + path(element)] : [];
  });

  const channels = color => color.match(/[\d.]+/g).map(Number);
  const luminance = color => {
    const [red, green, blue] = channels(color).map(x => x / 255).map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = element => {
    for (let place = element; place; place = place.parentElement) {
      const color = getComputedStyle(place).backgroundColor;
      if (color.startsWith("rgb(")) return color;
    }
    return "rgb(255, 255, 255)";
  };
  // Words on the page whose contrast (WCAG 2) is less than that for words of usual size; those on pictures are not asked.
  const faintWords = least => [...document.body.querySelectorAll("*")].filter(isShown).flatMap(element => {
    const hasWords = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (!hasWords || element.closest("script, style, .cell")) return [];
    const style = getComputedStyle(element);
    const color = element instanceof SVGElement ? style.fill : style.color;
    const [one, two] = [luminance(color), luminance(ground(element))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (two + 0.05);
    return contrast < least ? [contrast.toFixed(2) + " " + path(element)] : [];
  });

  // Where lines, cells and bars must have a colour: places on the page.
  const inks = () => {
    const figures = [...document.querySelectorAll("figure")].filter(isShown);
    return figures.map(figure => {
      const places = [];
      const add = (element, x, y, color) => {
        const point = new DOMPoint(x, y).matrixTransform(element.getScreenCTM());
        places.push({ x: point.x + scrollX, y: point.y + scrollY, color: channels(color).slice(0, 3) });
      };
      for (const line of figure.querySelectorAll(".curves path.line")) {
        const points = line.getAttribute("d").match(/\d+ \d+/g).map(point => point.split(" ").map(Number));
        const every = Math.ceil(points.length / 50);
        points.filter((_, index) => index % every === 0).forEach(([x, y]) => add(line, x, y, getComputedStyle(line).stroke));
      }
      for (const cell of figure.querySelectorAll(".cells .curves path")) {
        const [column, row] = cell.getAttribute("d").match(/\d+/g).map(Number);
        add(cell, column + 0.5, row + 0.12, getComputedStyle(cell).fill);
      }
      for (const bars of figure.querySelectorAll(".bars path")) add(bars, 5, 980, getComputedStyle(bars).fill);
      return { id: figure.id, box: box(figure), places, images: figure.querySelectorAll("img").length };
    });
  };

  // The pixels of the heat maps as the browser has them, as a string of bytes.
  const images = async () => {
    const all = [...document.querySelectorAll("img[src^='data:']")];
    for (const image of all) image.loading = "eager";
    await Promise.all(all.map(image => image.decode()));
    return all.map(image => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
      let bytes = "";
      for (let index = 0; index < pixels.length; index += 0x8000) bytes += String.fromCharCode(...pixels.subarray(index, index + 0x8000));
      return { name: image.alt, source: image.src, width: canvas.width, height: canvas.height, pixels: btoa(bytes) };
    });
  };

  window.ask = {
    strayWords, wideElements, faintWords, inks, images,
    // Waits until the page is laid out: with its fonts, and of the same size in two frames.
    laidOut: async () => {
      await document.fonts.ready;
      for (let before = null; ;) {
        await new Promise(requestAnimationFrame);
        const now = JSON.stringify(ask.size());
        if (now === before) return;
        before = now;
      }
    },
    size: () => ({ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth,
      height: document.documentElement.scrollHeight }),
  };
})();
