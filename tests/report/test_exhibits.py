from dataclasses import replace

from groupseg.report.exhibits import exhibits
from groupseg.report.results import Results


def test_every_exhibit_is_named_once_and_says_something(results: Results) -> None:
    for dataset in results.datasets:
        shown = exhibits(dataset)
        assert len({exhibit.name for exhibit in shown}) == len(shown) == 7
        for exhibit in shown:
            assert exhibit.finding(dataset).endswith(".")
            tables = [make(dataset) for make in exhibit.tables]
            assert all(table.caption.endswith(".") for table in tables)
            assert all(len(row) == len(table.columns) for table in tables for row in (*table.rows, *table.foot))
            assert bool(exhibit.draw) == bool(exhibit.alt) == exhibit.caption.endswith(".") != bool(tables)


def test_what_has_no_rows_is_left_out(results: Results) -> None:
    dataset = results.datasets[0]
    tables = dataset.tables | {"pairs": dataset.tables["pairs"][:0]}
    names = {exhibit.name for exhibit in exhibits(dataset)}
    assert {exhibit.name for exhibit in exhibits(replace(dataset, tables=tables))} == names - {"pairs"}
