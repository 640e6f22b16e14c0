/** More words of `<lastbook-measure>` in Simplified Chinese, for who types, saves or deletes. */
export const text = {
  number: "请输入长度，例如 25.4。",
  wrong: "须在 {0} 至 {1} 之间。",
  unusual: "一般为 {0} 至 {1}，请再量一次。",
  agree: "保存尺寸需要您的同意：请勾选方框。",
  saved: "您的尺寸已保存。",
  nothing: "尚无改动。",
  look: "请查看标出的长度。",
  sure: "删除这些尺寸及其全部历史？此操作无法撤销。",
  keep: "保留",
  deleted: "您的尺寸已删除。",
};
