/** The words of the slots in Simplified Chinese, in the order of `core/page.js`. */
export const text = ["上一组商品", "下一组商品", "原价", "优惠价"];
