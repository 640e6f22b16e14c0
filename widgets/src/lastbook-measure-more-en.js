/** More words of `<lastbook-measure>` in English, for who types, saves or deletes. */
export const text = {
  number: "Please write a length, such as 25.4.",
  wrong: "This must be from {0} to {1}.",
  unusual: "Most people have {0} to {1}. Please measure once more.",
  agree: "To keep your measurements, the shop needs your permission: please tick the box.",
  saved: "Your measurements are saved.",
  nothing: "Nothing has changed yet.",
  look: "Please look at the marked length.",
  sure: "Delete all of these measurements with their history? This cannot be undone.",
  keep: "Keep them",
  deleted: "Your measurements are deleted.",
};
