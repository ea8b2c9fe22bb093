// Called anew with each answer; one frame at a time is under way, and it is always the newest.
const LATE_MS = 4000;

export default function ({ parentElement, data, setTriggerValue }) {
  const find = (name) => parentElement.querySelector(name);
  const [live, told, button, video] = [".live", ".told", ".switch", "video"].map(find);
  const state = (video.state ??= { number: 0, times: [] });

  const stop = (why) => {
    video.srcObject?.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
    clearTimeout(state.late);
    told.textContent = why;
    button.textContent = "Start the camera";
  };
  state.send = () => {
    if (!video.srcObject) return;
    const canvas = (state.canvas ??= document.createElement("canvas"));
    const shrunk = Math.min(1, data.width / video.videoWidth);
    canvas.width = Math.round(video.videoWidth * shrunk);
    canvas.height = Math.round(video.videoHeight * shrunk);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    state.number += 1;
    setTriggerValue("frame", { number: state.number, jpeg: canvas.toDataURL("image/jpeg", 0.85) });
    clearTimeout(state.late);
    state.late = setTimeout(() => state.send(), LATE_MS);
  };
  const start = async () => {
    if (!navigator.mediaDevices) {
      told.textContent = "Browsers hand a camera only to pages of this machine, or over https.";
      return;
    }
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: 640 }, height: { ideal: 360 } },
      });
    } catch (error) {
      told.textContent = `The camera cannot be had: ${error.message}`;
      return;
    }
    video.srcObject.getVideoTracks()[0].onended = () => stop("The camera is gone.");
    await video.play();
    told.textContent = "The first picture comes soon.";
    button.textContent = "Stop the camera";
    state.send();
  };
  button.onclick = () => (video.srcObject ? stop("The camera is off.") : start());

  if (!video.srcObject) return;
  if (data.error) stop(data.error);
  else if (data.number === state.number && data.number !== state.shown) {
    state.shown = data.number;
    live.src = data.painted;
    live.hidden = false;
    const now = performance.now();
    state.times = [...state.times.slice(-20), now];
    const fps = (1000 * (state.times.length - 1)) / (now - state.times[0]);
    if (state.times.length > 5) told.textContent = `${fps.toFixed(1)} pictures a second`;
    requestAnimationFrame(() => state.send());
  }
}
