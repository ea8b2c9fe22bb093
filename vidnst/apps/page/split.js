// Called anew with each change of data; the elements stay, and with them where the seam is.
export default function ({ parentElement, data }) {
  const compare = parentElement.querySelector(".compare");
  const seam = compare.querySelector("input");
  const put = () => compare.style.setProperty("--at", `${seam.value}%`);
  compare.dataset.view = data.view;
  for (const name of ["source", "painted"]) {
    const picture = compare.querySelector(`img.${name}`);
    if (picture.src !== data[name]) picture.src = data[name];
    picture.alt = data[`${name}_told`];
  }
  seam.oninput = put;
  put();
}
