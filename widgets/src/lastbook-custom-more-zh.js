/** More words of `<lastbook-custom>` in Simplified Chinese, for who orders. */
export const text = {
  look: "请查看标出的地方。",
  added: "已加入购物车。此价格保留至{0}。",
  refused: "未能下单。",
};
