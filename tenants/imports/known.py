"""Known: the shop's products by variant and by title, for order files that name no product's id."""

from infra.database import Connection


async def list_known(conn: Connection) -> dict[str, str]:
    """Product ids by `variant <id>` and `title <title>`. A title that several products share is left out.

    Its size goes by the catalogue, not by the file.
    """
    known: dict[str, str] = {}
    titles = await conn.fetch(
        """
        select title, min(product_id) as product_id
        from products
        where deleted_at is null
        group by title
        having count(*) = 1
        """
    )
    known.update((f"title {row['title']}", row["product_id"]) for row in titles)
    variants = await conn.fetch(
        """
        select product_id, variant ->> 'id' as variant_id
        from products, jsonb_array_elements(variants) as variant
        where deleted_at is null
        """
    )
    known.update((f"variant {row['variant_id']}", row["product_id"]) for row in variants)
    return known
