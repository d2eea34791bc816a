#!/usr/bin/python3
"""What `sessctl stats --prometheus` prints is read by Prometheus' own parser, and says what --json says."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from prometheus_client.parser import text_string_to_metric_families

BUILD = pathlib.Path(os.environ.get("SESS_BUILD", "build")).resolve()


class Prometheus(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir="/tmp")  # what is made of its path has a bound
        self.addCleanup(folder.cleanup)
        # What has to be escaped in a label.
        self.store = pathlib.Path(folder.name) / 'a "store"\\of\nmine'
        self.sessctl("init")

    def sessctl(self, *arguments):
        return subprocess.run([BUILD / "bin" / "sessctl", "--store", self.store, *arguments], check=True, text=True,
                              capture_output=True).stdout

    def samples(self):
        """By name and by all labels but the store's."""
        found, types = {}, {}
        for family in text_string_to_metric_families(self.sessctl("stats", "--prometheus")):
            types[family.name] = family.type
            self.assertTrue(family.documentation)
            for sample in family.samples:
                labels = dict(sample.labels)
                self.assertEqual(labels.pop("store"), str(self.store))
                found[(sample.name, *labels.values())] = sample.value
        return found, types

    def test_it_says_what_the_json_says(self):
        for idle in ("30s", "5m", "5m", "1000d"):
            self.sessctl("create", "--idle", idle, "--lifetime", "1000d")
        self.sessctl("gc")
        found, types = self.samples()
        told = json.loads(self.sessctl("stats", "--json"))
        self.assertEqual(found[("libsess_sessions", "anonymous")], 4)
        self.assertEqual(found[("libsess_sessions", "authenticated")], 0)
        self.assertEqual(found[("libsess_records_bytes",)], told["bytes"])
        self.assertEqual(found[("libsess_unreadable_records",)], 0)
        self.assertEqual(types["libsess_session_idle_left_seconds"], "histogram")
        so_far = 0
        for bar in told["idle_lefts"]:
            so_far += bar["sessions"]
            end = "+Inf" if bar["up_to_ms"] is None else str(bar["up_to_ms"] // 1000)
            self.assertEqual(found[("libsess_session_idle_left_seconds_bucket", end)], so_far)
        self.assertEqual([bar["sessions"] for bar in told["idle_lefts"]], [1, 2, 0, 0, 0, 0, 0, 0, 1])
        self.assertEqual(found[("libsess_session_idle_left_seconds_count",)], 4)
        self.assertEqual(found[("libsess_last_sweep_examined",)], told["last_sweep_examined"])
        self.assertEqual(told["last_sweep_examined"], 4)

    def test_what_is_not_known_is_left_out(self):
        found, _types = self.samples()
        names = {name for name, *_ in found}
        self.assertNotIn("libsess_last_sweep_timestamp_seconds", names)
        self.assertNotIn("libsess_oldest_session_age_seconds", names)
        told = json.loads(self.sessctl("stats", "--json"))
        self.assertIsNone(told["last_sweep"])
        self.assertIsNone(told["oldest"])

    def test_a_path_that_is_no_plain_text_is_a_label_in_utf_8_without_controls(self):
        hostile = os.fsencode(self.store.parent) + b"/\x1b[2J\xc2\x9b31m\xe2\x80\xae\xff\t\\z"
        os.rename(self.store, hostile)
        printed = subprocess.run([BUILD / "bin" / "sessctl", "--store", hostile, "stats", "--prometheus"], check=True,
                                 capture_output=True).stdout
        told = f"{self.store.parent}/\\u001b[2J\\u009b31m\\u202e\ufffd\\u0009\\z"
        families = list(text_string_to_metric_families(printed.decode("utf-8")))
        self.assertGreater(len(families), 4)
        for family in families:
            for sample in family.samples:
                self.assertEqual(sample.labels["store"], told)

    def test_of_a_sweep_it_reads_how_it_went(self):
        folder = self.store.parent / "metrics"
        folder.mkdir()
        self.sessctl("create")
        self.sessctl("gc", "--quiet", "--metrics", folder)
        (file,) = folder.iterdir()
        found = {}
        for family in text_string_to_metric_families(file.read_text(encoding="utf-8")):
            self.assertEqual(family.type, "gauge")
            self.assertTrue(family.documentation)
            (sample,) = family.samples
            self.assertEqual(sample.labels, {"store": str(self.store)})
            found[sample.name] = sample.value
        self.assertEqual(found["libsess_gc_examined"], 1)
        self.assertEqual(found["libsess_gc_exit_code"], 0)
        self.assertAlmostEqual(found["libsess_gc_timestamp_seconds"], file.stat().st_mtime, delta=60)
        escaped = subprocess.run(["systemd-escape", "--path", self.store], check=True, text=True, capture_output=True).stdout
        self.assertEqual(file.name, f"sessctl-gc-{escaped[:-1]}.prom")


if __name__ == "__main__":
    unittest.main()
