/** More words of `<lastbook-custom>` in Simplified Chinese, for who chooses or orders. */
export const text = {
  ended: "此商品不再接受定制。",
  changed: "价格已由{0}变为{1}。尚未下单，请再确认。",
  fix: "将{0}改为{1}",
  look: "请查看标出的地方。",
  added: "已加入购物车。此价格保留至{0}。",
  refused: "未能下单。",
};
