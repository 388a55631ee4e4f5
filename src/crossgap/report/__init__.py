"""Results in, one self-contained HTML file out. Imports no torch; matplotlib only when it draws."""

from crossgap.report.build import build_report
from crossgap.report.content import ReportContent
from crossgap.report.verdict import Verdict, judge

__all__ = ["ReportContent", "Verdict", "build_report", "judge"]
