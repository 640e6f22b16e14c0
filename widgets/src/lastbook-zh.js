/** The words of the slots in Simplified Chinese. */
export const text = { previous: "上一组商品", next: "下一组商品", before: "原价", now: "优惠价" };
