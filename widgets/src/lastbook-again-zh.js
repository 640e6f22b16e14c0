/** The words of `<lastbook-again>` in Simplified Chinese. */
export const text = {
  heading: "快用完了",
  around: "大约可用到{0}",
  over: "大约{0}已用完",
  between: "可能在{0}至{1}之间",
  buy: "再买{0}件",
  later: "以后再说",
  stop: "不再使用",
  snoozed: "将于{0}再次显示。",
  stopped: "已移出清单，再次购买后恢复显示。",
  bought: "正在放入购物车。",
  undo: "撤销",
  undone: "已恢复到清单。",
  failed: "操作未成功，请重试。",
};
