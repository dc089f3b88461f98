// Every text that is shown, with less contrast to what is really behind it than 4.5 to 1 (WCAG 2,
// AA); before them, how many texts there are.
const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
const rgba = color => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const luminance = color => {
  const [r, g, b] = color.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = node => {
  for (; node; node = node.parentElement) {
    const color = rgba(getComputedStyle(node).backgroundColor);
    if (color[3] > 0) return color;
  }
  return [255, 255, 255];
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), poor = [];
let seen = 0;
while (texts.nextNode()) {
  const text = texts.currentNode.data.trim(), node = texts.currentNode.parentElement, style = getComputedStyle(node);
  if (!text || !node.checkVisibility() || node.matches('.unseen, noscript, option') || style.fontSize === '0px') continue;
  const [more, less] = [luminance(rgba(style.color)), luminance(behind(node))].sort((one, other) => other - one);
  const ratio = (more + 0.05) / (less + 0.05);
  seen++;
  if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${node.className} ${text.slice(0, 40)}`);
}
return [seen, ...poor];
