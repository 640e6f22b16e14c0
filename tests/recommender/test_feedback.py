"""Feedback: CSV lines become purchases, whatever the merchant's ids look like."""

from recommender.feedback import _parse


def test_ids_with_quotes_commas_line_breaks_and_the_word_null_come_through() -> None:
    csv = 'null,"a,""b""",60\n"x\ny",NA,61\n 7 ,00012,62\n'
    purchases = _parse(memoryview(csv.encode()))
    assert list(purchases.shoppers) == [" 7 ", "null", "x\ny"]
    assert list(purchases.products) == ["00012", "NA", 'a,"b"']
    assert purchases.ordered_at_s.tolist() == [62, 60, 61]
    assert purchases.product_indices.tolist() == [0, 2, 1]


def test_no_lines_are_no_purchases() -> None:
    assert len(_parse(memoryview(b""))) == 0
