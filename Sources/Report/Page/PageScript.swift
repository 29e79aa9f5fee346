/// What a pointer over a chart, a finger on it, or the arrow keys read out of it. All that it shows is drawn without it.
enum PageScript {
    /// The SHA-256 of ``source`` in base64: the page lets no other script run.
    static let hash = "ltp3xc8Qx/bH8kPdgmt/Gb+zcPwkSBCy7nDcTNAr2Hs="

    static let source = #"""
        "use strict";
        for (const plot of document.querySelectorAll(".plot[data-x]")) {
          const [left, right] = plot.dataset.x.split(" ").map(Number);
          const [low, high] = plot.dataset.y.split(" ").map(Number);
          const isLogarithmic = "log" in plot.dataset;
          const side = 10000;
          const value = y => isLogarithmic ? low * (high / low) ** (1 - y / side) : high - y / side * (high - low);
          const word = x => {
            const size = Math.abs(x);
            return size === 0 ? "0" : size < 1e-3 || size >= 1e6 ? x.toExponential(2) : size >= 1e4 ? x.toFixed(0) : x.toPrecision(4);
          };
          let lines, cross, tip, place;
          const begin = () => {
            lines = [...plot.querySelectorAll("path.line")].map(path => ({
              name: path.dataset.name, color: path.style.stroke,
              points: path.getAttribute("d").match(/\d+ \d+/g).map(point => point.split(" ").map(Number)),
            }));
            cross = plot.appendChild(document.createElement("div"));
            cross.className = "cross";
            tip = plot.appendChild(document.createElement("div"));
            tip.className = "tip";
            tip.setAttribute("role", "status");
          };
          const nearest = (points, x) => points.reduce((best, point) => Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best);
          const show = x => {
            if (!lines) begin();
            cross.hidden = tip.hidden = false;
            place = nearest(lines.map(line => nearest(line.points, x)), x)[0];
            const step = left + place / side * (right - left);
            tip.textContent = `${plot.dataset.step} ${Math.round(step)}`;
            for (const line of lines) {
              const point = nearest(line.points, place);
              if (Math.abs(point[0] - place) > side / 50) continue;
              const row = tip.appendChild(document.createElement("div"));
              const swatch = row.appendChild(document.createElement("span"));
              swatch.className = "swatch";
              swatch.style.background = line.color;
              row.append(`${line.name} ${word(value(point[1]))}`);
            }
            const share = place / side;
            cross.style.left = `${100 * share}%`;
            tip.style.left = share > 0.5 ? "auto" : `calc(${100 * share}% + 10px)`;
            tip.style.right = share > 0.5 ? `calc(${100 * (1 - share)}% + 10px)` : "auto";
          };
          const hide = () => { if (tip) cross.hidden = tip.hidden = true; };
          const follow = event => {
            const box = plot.getBoundingClientRect();
            show((event.clientX - box.left) / box.width * side);
          };
          plot.tabIndex = 0;
          plot.addEventListener("pointermove", follow);
          plot.addEventListener("pointerdown", follow);
          plot.addEventListener("pointerleave", hide);
          plot.addEventListener("blur", hide);
          plot.addEventListener("keydown", event => {
            const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
            if (event.key === "Escape") hide();
            if (!direction) return;
            event.preventDefault();
            if (place === undefined) return show(direction > 0 ? 0 : side);
            const others = lines.flatMap(line => line.points.map(point => point[0])).filter(x => (x - place) * direction > 0);
            if (others.length) show(direction > 0 ? Math.min(...others) : Math.max(...others));
          });
        }
        """#
}
