"""Google's Python client reads, fifteen threads upload: what one writes on an afternoon, and well."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import batched

import common


def main() -> None:
    # Rows wait in memory for a thread to be free, and no more than two batches a thread.
    room = threading.Semaphore(2 * common.IN_FLIGHT)
    failed = []

    def send(rows) -> None:
        try:
            common.upload([common.record(row) for row in rows])
        except Exception as error:
            failed.append(error)
        finally:
            room.release()

    with ThreadPoolExecutor(common.IN_FLIGHT) as threads:
        for rows in batched(common.rows(), common.BATCH):
            room.acquire()
            if failed:
                break
            threads.submit(send, rows)
    if failed:
        raise failed[0]


main()
