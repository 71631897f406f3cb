# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal cannot be written, at either end: both people are told, and the session goes on."""
import sys

from places import check, main, picture
from people import Session


def run(stage):
    s = Session(stage)
    # Where the journal's folder should be lies a file: that stops root as well as anybody else.
    for who in ("operator", "customer"):
        data = stage.folder / who / "data"
        data.mkdir(parents=True)
        (data / "beside").write_text("in the way")
    s.operator_opens()
    s.customer_opens()
    s.connect()
    s.customer.wait("notice.sentence", 10)
    s.operator.wait("pane.notice.sentence", 10)
    stage.say("customer: " + s.customer.text("notice.title") + " | " + s.customer.text("notice.sentence"))
    stage.say("operator: " + s.operator.text("pane.notice.title") + " | " + s.operator.text("pane.notice.sentence"))
    picture(stage, s.at_customer, "customer")
    check("disk" in s.customer.text("notice.sentence").lower(), "the customer is not told of the disk")
    check("disk" in s.operator.text("pane.notice.sentence").lower(), "the operator is not told of the disk")
    s.operator.click("pane.notice.dismiss")
    s.operator.wait_gone("pane.notice.sentence", 5)
    s.share("see")
    s.wait_alike("the picture", 28)
    s.customer.click("panel.stop")
    s.customer.wait("end.title", 5)


if __name__ == "__main__":
    sys.exit(main(run, "environment_disk_full"))
