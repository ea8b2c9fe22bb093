// Called anew with each change of data; what is drawn stays until another picture comes.
export default function ({ parentElement, data, setTriggerValue }) {
  const find = (name) => parentElement.querySelector(name);
  const [scene, canvas, brush, width, erase] =
    [".scene", "canvas", ".brush", ".width", ".erase"].map(find);
  const pen = canvas.getContext("2d");
  if (scene.src !== data.scene) {
    scene.src = data.scene;
    scene.alt = data.told;
    [canvas.width, canvas.height] = data.size;
  }
  const at = canvas.at ??= { x: canvas.width / 2, y: canvas.height / 2 };
  const radius = () => (width.value / 200) * canvas.height;

  const place = () => {
    const shown = canvas.clientHeight / canvas.height;
    brush.style.width = brush.style.height = `${2 * radius() * shown}px`;
    brush.style.left = `${at.x * shown}px`;
    brush.style.top = `${at.y * shown}px`;
  };
  const move = (x, y, paint) => {
    if (paint) {
      pen.globalCompositeOperation = erase.checked ? "destination-out" : "source-over";
      pen.strokeStyle = "#ff2d87";
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
    canvas.setPointerCapture(event.pointerId);
    move(...point(event), false);
    move(...point(event), true);
  };
  canvas.onpointermove = (event) => event.buttons && move(...point(event), true);
  canvas.onkeydown = (event) => {
    const step = radius();
    const [dx, dy] =
      { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], " ": [0, 0] }[event.key] ?? [];
    if (dx === undefined) return;
    event.preventDefault();
    canvas.painting ||= event.key === " ";
    const inside = (value, most) => Math.min(Math.max(value, 0), most);
    move(inside(at.x + dx * step, canvas.width), inside(at.y + dy * step, canvas.height), canvas.painting);
  };
  canvas.onkeyup = (event) => { if (event.key === " ") canvas.painting = false; };
  canvas.onfocus = width.oninput = place;
  find(".clear").onclick = () => pen.clearRect(0, 0, canvas.width, canvas.height);
  find(".use").onclick = () => {
    const mask = document.createElement("canvas");
    [mask.width, mask.height] = [canvas.width, canvas.height];
    const ink = mask.getContext("2d");
    for (const [how, color] of [["source-in", "#fff"], ["destination-over", "#000"]]) {
      if (how === "source-in") ink.drawImage(canvas, 0, 0);
      ink.globalCompositeOperation = how;
      ink.fillStyle = color;
      ink.fillRect(0, 0, mask.width, mask.height);
    }
    setTriggerValue("mask", mask.toDataURL("image/png"));
  };
}
