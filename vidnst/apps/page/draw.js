// Called anew with each change of data; what is drawn stays until another picture comes.
const WORDS = {
  mask: ["Mask: draw", "Use this mask"],
  painting: ["Painting: paint", "Keep this painting"],
};
const MOST_UNDONE = 20;

export default function ({ parentElement, data, setTriggerValue }) {
  const find = (name) => parentElement.querySelector(name);
  const [scene, canvas, brush, width, erase, color, pick] =
    [".scene", "canvas", ".brush", ".width", ".erase", ".color", ".pick"].map(find);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const paints = data.kind === "painting";
  const [does, use] = WORDS[data.kind];
  find(".draw").dataset.kind = data.kind;
  find(".use").textContent = use;
  canvas.ariaLabel = `${does} with the pointer, or move with the arrow keys and paint with the space bar`;
  if (scene.src !== data.scene) {
    scene.src = data.scene;
    scene.alt = data.told;
    [canvas.width, canvas.height] = data.size;
    canvas.before = [];
    if (paints && !canvas.kind) width.value = 4;
    canvas.kind = data.kind;
  }
  const at = canvas.at ??= { x: canvas.width / 2, y: canvas.height / 2 };
  const radius = () => (width.value / 200) * canvas.height;

  const place = () => {
    const shown = canvas.clientHeight / canvas.height;
    brush.style.width = brush.style.height = `${2 * radius() * shown}px`;
    brush.style.left = `${at.x * shown}px`;
    brush.style.top = `${at.y * shown}px`;
  };
  const remember = () => {
    if (!paints) return;
    canvas.before.push(pen.getImageData(0, 0, canvas.width, canvas.height));
    canvas.before.splice(0, canvas.before.length - MOST_UNDONE);
  };
  const pickAt = (x, y) => {
    const seen = document.createElement("canvas").getContext("2d");
    seen.drawImage(scene, -x, -y, canvas.width, canvas.height);
    seen.drawImage(canvas, -x, -y);
    const part = (value) => value.toString(16).padStart(2, "0");
    color.value = `#${[...seen.getImageData(0, 0, 1, 1).data].slice(0, 3).map(part).join("")}`;
    pick.checked = erase.checked = false;
  };
  const move = (x, y, paint) => {
    if (paint) {
      pen.globalCompositeOperation = erase.checked ? "destination-out" : "source-over";
      pen.strokeStyle = paints ? color.value : "#ff2d87";
      pen.lineCap = "round";
      pen.lineWidth = 2 * radius();
      pen.beginPath();
      pen.moveTo(at.x, at.y);
      pen.lineTo(x, y);
      pen.stroke();
    }
    [at.x, at.y] = [x, y];
    place();
  };
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * canvas.width,
      ((event.clientY - box.top) / box.height) * canvas.height,
    ];
  };
  canvas.onpointerdown = (event) => {
    if (paints && pick.checked) {
      event.preventDefault();
      pickAt(...point(event));
      canvas.picked = true;
      return;
    }
    canvas.picked = false;
    remember();
    canvas.setPointerCapture(event.pointerId);
    move(...point(event), false);
    move(...point(event), true);
  };
  canvas.onpointermove = (event) => event.buttons && !canvas.picked && move(...point(event), true);
  canvas.onkeydown = (event) => {
    const step = radius();
    const [dx, dy] =
      { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], " ": [0, 0] }[event.key] ?? [];
    if (dx === undefined) return;
    event.preventDefault();
    if (event.key === " " && !canvas.painting) {
      canvas.painting = true;
      remember();
    }
    const inside = (value, most) => Math.min(Math.max(value, 0), most);
    move(inside(at.x + dx * step, canvas.width), inside(at.y + dy * step, canvas.height), canvas.painting);
  };
  canvas.onkeyup = (event) => { if (event.key === " ") canvas.painting = false; };
  canvas.onfocus = width.oninput = place;
  find(".undo").onclick = () => canvas.before.length && pen.putImageData(canvas.before.pop(), 0, 0);
  find(".clear").onclick = () => {
    remember();
    pen.clearRect(0, 0, canvas.width, canvas.height);
  };
  find(".use").onclick = () => {
    if (paints) {
      setTriggerValue("drawn", canvas.toDataURL("image/png"));
      return;
    }
    const mask = document.createElement("canvas");
    [mask.width, mask.height] = [canvas.width, canvas.height];
    const ink = mask.getContext("2d");
    for (const [how, color] of [["source-in", "#fff"], ["destination-over", "#000"]]) {
      if (how === "source-in") ink.drawImage(canvas, 0, 0);
      ink.globalCompositeOperation = how;
      ink.fillStyle = color;
      ink.fillRect(0, 0, mask.width, mask.height);
    }
    setTriggerValue("drawn", mask.toDataURL("image/png"));
  };
}
