"""The short table in Chinese, for README.zh-CN.md: what stands for each of our texts in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from benchmarks.harness.figures import Figure
from benchmarks.harness.machine import BUSY

HEADS = ("", "exp-queue", "下限", "下限的倍数", "其他")
SPAN = "{} 至 {}"
# By the key of a figure; the numbers of its name come in their order.
ROWS = {
    "queue.submit": "提交 {} 个任务",
    "queue.status": "{} 个任务的队列上的 `status`",
    "noop.run": "{} 次 `true`，{} 个槽，每次开始和结束都落盘",
    "handoff.short": "短任务之间一个槽的空闲时间",
    "log.call": "一次记录五个数",
    "warm.import": "fork 出的任务直到导入完大模块",
    "sweep.random": "打印一个值的 trial，共 {} 个，一次一个：random",
    "pages.drawn": "{} 次运行的报告，直到图里有曲线",
}
# The floors and the peers of these.
TEXTS = {
    "a Python that writes as many rows": "写同样多行的 Python",
    "a Python that counts the rows": "数一遍这些行的 Python",
    "a bare Popen loop, no record": "裸 Popen 循环，不留记录",
    "xargs -P (no record)": "xargs -P（不留记录）",
    "HyperQueue (in memory)": "HyperQueue（只在内存里）",
    "task-spooler (in memory)": "task-spooler（只在内存里）",
    "GNU parallel (no record)": "GNU parallel（不留记录）",
    "GNU parallel --joblog --results": "GNU parallel --joblog --results",
    "simple_gpu_scheduler (no record)": "simple_gpu_scheduler（不留记录）",
    "a Popen loop that keeps our promises": "守住我们全部承诺的 Popen 循环",
    "`json.dumps` and a write": "`json.dumps` 加一次写",
    "exp-queue, passed on to TensorBoard": "exp-queue，并转给 TensorBoard",
    "exp-queue, passed on to W&B": "exp-queue，并转给 W&B",
    "exp-queue, passed on to SwanLab": "exp-queue，并转给 SwanLab",
    "exp-queue, passed on to Trackio": "exp-queue，并转给 Trackio",
    "TensorBoard, SummaryWriter": "TensorBoard 的 SummaryWriter",
    "W&B, offline": "W&B，离线",
    "SwanLab, offline": "SwanLab，离线",
    "Trackio": "Trackio",
    "a Python that imports nothing": "什么都不导入的 Python",
    "begun from nothing": "从零启动",
    "`subprocess.run` in a loop": "循环里的 `subprocess.run`",
    "a loop of Optuna and `subprocess.run`": "Optuna 加 `subprocess.run` 的循环",
    "an empty page in the same browser": "同一浏览器里的空白页",
    "tensorboard": "TensorBoard",
    "trackio": "Trackio",
}


def said(text: str) -> str:
    """As it is where there is nothing for it."""
    return TEXTS.get(text, text)


def name(figure: Figure) -> str:
    numbers = re.findall(r"\d[\d,]*", figure.name)
    return ROWS[figure.key].format(*numbers) if figure.key in ROWS else figure.name


def preface(document: Mapping[str, Any]) -> str:
    size = "，小规模（`--quick`）" if document["quick"] else ""
    when = f"同一次运行里 {document['repeat']} 轮的中位数{size}，{document['date'][:10]}"
    return f"{when}：{_machine(document['machine'])}{_doubts(document['meanwhile'])}。"


def _machine(machine: Mapping[str, Any]) -> str:
    parts = [f"{machine['cores']} 个核（{machine['cpu']}）", f"{machine['memory_gib']:g} GiB", f"Python {machine['python']}"]
    parts += [f"Linux {machine['kernel']}", f"队列在 {machine['file_system']} 上", "、".join(machine["gpus"]) or "没有 GPU"]
    return "，".join(parts)


def _doubts(meanwhile: Mapping[str, float]) -> str:
    if meanwhile["others"] <= BUSY:
        return ""
    load = f"开始时负载 {meanwhile['load_at_start']:g}，结束时 {meanwhile['load_at_end']:g}"
    return f"；其间别人占用了全部核的 {meanwhile['others']:.0%}（{load}）：只有同一轮之内的比值有意义"
