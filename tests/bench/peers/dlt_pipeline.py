"""dlt: a resource over the same pages, and a custom destination that posts batches of a thousand, fifteen at once."""

import os

import common
import dlt


@dlt.resource(name="people")
def people():
    for page in common.rows().pages:
        yield [dict(row) for row in page]


@dlt.destination(
    name="clevertap",
    batch_size=common.BATCH,
    naming_convention="direct",
    skip_dlt_columns_and_tables=True,
    max_table_nesting=0,
    loader_parallelism_strategy="parallel",
    max_parallel_load_jobs=common.IN_FLIGHT,
)
def clevertap(items, table):
    common.upload([common.record(row) for row in items])


def main() -> None:
    pipeline = dlt.pipeline(
        "bench", destination=clevertap, dataset_name="bench", pipelines_dir=os.environ["BENCH_FOLDER"]
    )
    pipeline.run(people(), write_disposition="append").raise_on_failed_jobs()


main()
