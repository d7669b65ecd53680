"use strict";
// Draws each surface of the page on its canvas: a height field from the farthest quadrangle to the nearest, in perspective.
(() => {
  const VIRIDIS = [[68, 1, 84], [71, 45, 123], [59, 82, 139], [44, 114, 142], [33, 145, 140], [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37]];
  const START = { turn: -0.65, tilt: 0.5, size: 1 };
  const FLOOR = -0.55, HEIGHT = 1.1, DISTANCE = 4.5, MOST_DRAWS = 4000;

  function colour(share, light) {
    const place = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1);
    const below = Math.min(Math.floor(place), VIRIDIS.length - 2), part = place - below;
    const mixed = VIRIDIS[below].map((from, at) => Math.round(light * (from + (VIRIDIS[below + 1][at] - from) * part)));
    return `rgb(${mixed.join(",")})`;
  }

  function short(value, digits = 3) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    const text = size >= 1e-3 && size < 1e5 ? String(Number(value.toPrecision(digits))) : value.toExponential(digits - 1);
    return text.replaceAll("-", "−");
  }

  // As many digits as tell one from the other.
  function digitsBetween(least, greatest) {
    let digits = 3;
    while (digits < 12 && greatest > least && Number(least.toPrecision(digits - 1)) === Number(greatest.toPrecision(digits - 1))) digits++;
    return digits;
  }

  function extremes(values) {
    let least = Infinity, greatest = -Infinity;
    for (const value of values) {
      if (value === null) continue;
      least = Math.min(least, value);
      greatest = Math.max(greatest, value);
    }
    return [least, greatest];
  }

  function show(place) {
    const data = JSON.parse(place.querySelector("script").textContent);
    const canvas = place.querySelector("canvas"), context = canvas.getContext("2d");
    const buttons = [...place.querySelectorAll("[data-level]")], logButton = place.querySelector("[data-logarithmic]");
    const view = { ...START };
    let level = 0, logarithmic = false;

    // The place of a point of the unit cube on the canvas, and how far away it is.
    function projected(x, y, z) {
      const [sinTurn, cosTurn, sinTilt, cosTilt] = [Math.sin(view.turn), Math.cos(view.turn), Math.sin(view.tilt), Math.cos(view.tilt)];
      const across = x * cosTurn - y * sinTurn, away = x * sinTurn + y * cosTurn;
      const depth = DISTANCE + away * cosTilt - z * sinTilt, up = z * cosTilt + away * sinTilt;
      const scale = 1.3 * view.size * Math.min(canvas.width / 1.25, canvas.height) / depth;
      return [canvas.width / 2 + scale * across, canvas.height * 0.46 - scale * up, depth];
    }

    function path(points) {
      context.beginPath();
      points.forEach((point, at) => (at ? context.lineTo(point[0], point[1]) : context.moveTo(point[0], point[1])));
    }

    function draw() {
      const ratio = window.devicePixelRatio || 1;
      const [wide, high] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
      if (!wide || !high) return;
      if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
      const { x, y, values } = data.levels[level];
      const [least, greatest] = extremes(values);
      context.clearRect(0, 0, canvas.width, canvas.height);
      logButton.disabled = !(least > 0 && greatest > least);
      const inLogs = logarithmic && least > 0;
      const level0 = inLogs ? Math.log(least) : least, span = (inLogs ? Math.log(greatest) : greatest) - level0 || 1;
      const share = (value) => ((inLogs ? Math.log(value) : value) - level0) / span;
      const along = (axis, value) => (2 * (value - axis[0])) / (axis[axis.length - 1] - axis[0] || 1) - 1;
      const [px, py] = [x.map((value) => along(x, value)), y.map((value) => along(y, value))];

      const corner = [[-1, -1], [1, -1], [1, 1], [-1, 1]];
      context.lineWidth = ratio;
      context.strokeStyle = "#8a8a86";
      path([...corner, corner[0]].map(([a, b]) => projected(a, b, FLOOR)));
      context.stroke();

      const heights = values.map((value) => (value === null ? null : FLOOR + HEIGHT * share(value)));
      const pieces = [];
      for (let row = 0; row + 1 < y.length; row++) {
        for (let column = 0; column + 1 < x.length; column++) {
          const at = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]];
          const z = at.map(([c, r]) => heights[r * x.length + c]);
          if (z.includes(null)) continue;
          const points = at.map(([c, r], k) => projected(px[c], py[r], z[k]));
          const middle = (z[0] + z[1] + z[2] + z[3]) / 4;
          const slope = [(z[1] + z[2] - z[0] - z[3]) / (px[column + 1] - px[column]), (z[2] + z[3] - z[0] - z[1]) / (py[row + 1] - py[row])];
          const light = 0.72 + 0.28 * Math.max(0, (0.35 * slope[0] * -1 + 0.25 * slope[1] + 1.6) / (1.8 * Math.hypot(slope[0] / 2, slope[1] / 2, 1)));
          const depth = points.reduce((sum, point) => sum + point[2], 0);
          pieces.push({ points, depth, fill: colour((middle - FLOOR) / HEIGHT, Math.min(light, 1)) });
        }
      }
      addDraws(pieces, along, heights);
      pieces.sort((one, other) => other.depth - one.depth);
      for (const piece of pieces) {
        if (piece.draw) {
          context.fillStyle = "#d55e00";
          context.fillRect(piece.draw[0] - 1.2 * ratio, piece.draw[1] - 1.2 * ratio, 2.4 * ratio, 2.4 * ratio);
          continue;
        }
        path(piece.points);
        context.closePath();
        context.fillStyle = context.strokeStyle = piece.fill;
        context.fill();
        context.lineWidth = 0.6 * ratio;
        context.stroke();
      }
      captions(x, y, least, greatest, ratio, inLogs);
      canvas.dataset.shown = String(level);
    }

    // The draws, on the surface above their places.
    function addDraws(pieces, along, heights) {
      const { x, y } = data.levels[level];
      const every = Math.ceil(data.draws.length / MOST_DRAWS) || 1;
      for (let at = 0; at < data.draws.length; at += every) {
        const place = [x, y].map((axis, k) => along(axis, data.draws[at][k]));
        if (place.some((part) => Math.abs(part) > 1)) continue;
        const cell = [x, y].map((axis, k) => ((place[k] + 1) / 2) * (axis.length - 1));
        const [column, row] = [x, y].map((axis, k) => Math.min(Math.floor(cell[k]), axis.length - 2));
        const [right, up] = [cell[0] - column, cell[1] - row];
        const z = [0, 1, x.length, x.length + 1].map((step) => heights[row * x.length + column + step]);
        if (z.includes(null)) continue;
        const height = (1 - up) * ((1 - right) * z[0] + right * z[1]) + up * ((1 - right) * z[2] + right * z[3]);
        const draw = projected(place[0], place[1], height);
        // Before the quadrangle that it lies on.
        pieces.push({ draw, depth: 4 * draw[2] - 0.4 });
      }
    }

    // Names at the nearer edges of the floor, and the bar of colours.
    function captions(x, y, least, greatest, ratio, inLogs) {
      context.font = `${13 * ratio}px system-ui, Ubuntu, Arial, sans-serif`;
      context.textBaseline = "middle";
      context.fillStyle = getComputedStyle(canvas).color;
      const nearest = (a, b) => (projected(...a, FLOOR)[2] < projected(...b, FLOOR)[2] ? a : b);
      const middle = projected(0, 0, FLOOR);
      const write = (text, point) => {
        const at = projected(...point, FLOOR);
        context.textAlign = Math.abs(at[0] - middle[0]) < 25 * ratio ? "center" : at[0] < middle[0] ? "right" : "left";
        context.fillText(text, at[0], at[1] + 9 * ratio);
      };
      const edgeX = nearest([0, -1.1], [0, 1.1]), edgeY = nearest([-1.1, 0], [1.1, 0]);
      write(data.labels[0], [0, edgeX[1] * 1.09]);
      write(data.labels[1], [edgeY[0] * 1.09, 0]);
      [[x, -1], [x, 1]].forEach(([axis, side]) => write(short(axis[side < 0 ? 0 : axis.length - 1]), [0.95 * side, edgeX[1]]));
      [[y, -1], [y, 1]].forEach(([axis, side]) => write(short(axis[side < 0 ? 0 : axis.length - 1]), [edgeY[0], 0.95 * side]));

      const [left, top, wide, high] = [canvas.width - 24 * ratio, 44 * ratio, 12 * ratio, canvas.height * 0.4];
      for (let at = 0; at < 64; at++) {
        context.fillStyle = colour(1 - at / 63, 1);
        context.fillRect(left, top + (high * at) / 64, wide, high / 64 + 1);
      }
      context.fillStyle = getComputedStyle(canvas).color;
      context.textAlign = "right";
      const digits = digitsBetween(least, greatest);
      context.fillText(data.labels[2] + (inLogs ? ", logarithmic" : ""), left + wide, top - 20 * ratio);
      context.fillText(short(greatest, digits), left - 6 * ratio, top + 5 * ratio);
      context.fillText(short(least, digits), left - 6 * ratio, top + high - 5 * ratio);
    }

    let asked = false;
    function redraw() {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        draw();
      });
    }
    function turn(across, up) {
      view.turn += across;
      view.tilt = Math.min(Math.max(view.tilt + up, 0), Math.PI / 2);
      redraw();
    }
    function zoom(factor) {
      view.size = Math.min(Math.max(view.size * factor, 0.3), 8);
      redraw();
    }
    canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) turn(-event.movementX * 0.008, event.movementY * 0.008);
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * 0.0012));
    }, { passive: false });
    canvas.addEventListener("dblclick", () => {
      Object.assign(view, START);
      redraw();
    });
    canvas.addEventListener("keydown", (event) => {
      const acts = {
        ArrowLeft: () => turn(0.1, 0), ArrowRight: () => turn(-0.1, 0), ArrowUp: () => turn(0, -0.1), ArrowDown: () => turn(0, 0.1),
        "+": () => zoom(1.15), "-": () => zoom(1 / 1.15),
      };
      if (!acts[event.key]) return;
      event.preventDefault();
      acts[event.key]();
    });
    buttons.forEach((button, at) => button.addEventListener("click", () => {
      level = at;
      buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
      redraw();
    }));
    logButton.addEventListener("click", () => {
      logarithmic = !logarithmic;
      logButton.setAttribute("aria-pressed", String(logarithmic));
      redraw();
    });
    new ResizeObserver(redraw).observe(canvas);
    draw();
  }

  document.querySelectorAll(".surface").forEach(show);
})();
