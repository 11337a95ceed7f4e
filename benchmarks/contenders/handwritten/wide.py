"""An entity of forty fields by hand."""

from __future__ import annotations

from benchmarks.contenders.handwritten.common import refuse
from benchmarks.shapes import Wide
from persistence.attributes import Item


def encode_wide(wide: Wide) -> Item:
    text_01 = wide.text_01
    text_02 = wide.text_02
    text_03 = wide.text_03
    text_04 = wide.text_04
    text_05 = wide.text_05
    text_06 = wide.text_06
    text_07 = wide.text_07
    text_08 = wide.text_08
    text_09 = wide.text_09
    text_10 = wide.text_10
    text_11 = wide.text_11
    text_12 = wide.text_12
    text_13 = wide.text_13
    text_14 = wide.text_14
    text_15 = wide.text_15
    text_16 = wide.text_16
    text_17 = wide.text_17
    text_18 = wide.text_18
    text_19 = wide.text_19
    text_20 = wide.text_20
    count_01 = wide.count_01
    count_02 = wide.count_02
    count_03 = wide.count_03
    count_04 = wide.count_04
    count_05 = wide.count_05
    count_06 = wide.count_06
    count_07 = wide.count_07
    count_08 = wide.count_08
    count_09 = wide.count_09
    count_10 = wide.count_10
    count_11 = wide.count_11
    count_12 = wide.count_12
    count_13 = wide.count_13
    count_14 = wide.count_14
    count_15 = wide.count_15
    count_16 = wide.count_16
    count_17 = wide.count_17
    count_18 = wide.count_18
    count_19 = wide.count_19
    count_20 = wide.count_20
    if (
        type(text_01) is not str
        or type(text_02) is not str
        or type(text_03) is not str
        or type(text_04) is not str
        or type(text_05) is not str
        or type(text_06) is not str
        or type(text_07) is not str
        or type(text_08) is not str
        or type(text_09) is not str
        or type(text_10) is not str
        or type(text_11) is not str
        or type(text_12) is not str
        or type(text_13) is not str
        or type(text_14) is not str
        or type(text_15) is not str
        or type(text_16) is not str
        or type(text_17) is not str
        or type(text_18) is not str
        or type(text_19) is not str
        or type(text_20) is not str
        or type(count_01) is not int
        or type(count_02) is not int
        or type(count_03) is not int
        or type(count_04) is not int
        or type(count_05) is not int
        or type(count_06) is not int
        or type(count_07) is not int
        or type(count_08) is not int
        or type(count_09) is not int
        or type(count_10) is not int
        or type(count_11) is not int
        or type(count_12) is not int
        or type(count_13) is not int
        or type(count_14) is not int
        or type(count_15) is not int
        or type(count_16) is not int
        or type(count_17) is not int
        or type(count_18) is not int
        or type(count_19) is not int
        or type(count_20) is not int
    ):
        refuse(wide)
    return {
        "text_01": {"S": text_01},
        "text_02": {"S": text_02},
        "text_03": {"S": text_03},
        "text_04": {"S": text_04},
        "text_05": {"S": text_05},
        "text_06": {"S": text_06},
        "text_07": {"S": text_07},
        "text_08": {"S": text_08},
        "text_09": {"S": text_09},
        "text_10": {"S": text_10},
        "text_11": {"S": text_11},
        "text_12": {"S": text_12},
        "text_13": {"S": text_13},
        "text_14": {"S": text_14},
        "text_15": {"S": text_15},
        "text_16": {"S": text_16},
        "text_17": {"S": text_17},
        "text_18": {"S": text_18},
        "text_19": {"S": text_19},
        "text_20": {"S": text_20},
        "count_01": {"N": str(count_01)},
        "count_02": {"N": str(count_02)},
        "count_03": {"N": str(count_03)},
        "count_04": {"N": str(count_04)},
        "count_05": {"N": str(count_05)},
        "count_06": {"N": str(count_06)},
        "count_07": {"N": str(count_07)},
        "count_08": {"N": str(count_08)},
        "count_09": {"N": str(count_09)},
        "count_10": {"N": str(count_10)},
        "count_11": {"N": str(count_11)},
        "count_12": {"N": str(count_12)},
        "count_13": {"N": str(count_13)},
        "count_14": {"N": str(count_14)},
        "count_15": {"N": str(count_15)},
        "count_16": {"N": str(count_16)},
        "count_17": {"N": str(count_17)},
        "count_18": {"N": str(count_18)},
        "count_19": {"N": str(count_19)},
        "count_20": {"N": str(count_20)},
    }


def bare_wide(wide: Wide) -> Item:
    return {
        "text_01": {"S": wide.text_01},
        "text_02": {"S": wide.text_02},
        "text_03": {"S": wide.text_03},
        "text_04": {"S": wide.text_04},
        "text_05": {"S": wide.text_05},
        "text_06": {"S": wide.text_06},
        "text_07": {"S": wide.text_07},
        "text_08": {"S": wide.text_08},
        "text_09": {"S": wide.text_09},
        "text_10": {"S": wide.text_10},
        "text_11": {"S": wide.text_11},
        "text_12": {"S": wide.text_12},
        "text_13": {"S": wide.text_13},
        "text_14": {"S": wide.text_14},
        "text_15": {"S": wide.text_15},
        "text_16": {"S": wide.text_16},
        "text_17": {"S": wide.text_17},
        "text_18": {"S": wide.text_18},
        "text_19": {"S": wide.text_19},
        "text_20": {"S": wide.text_20},
        "count_01": {"N": str(wide.count_01)},
        "count_02": {"N": str(wide.count_02)},
        "count_03": {"N": str(wide.count_03)},
        "count_04": {"N": str(wide.count_04)},
        "count_05": {"N": str(wide.count_05)},
        "count_06": {"N": str(wide.count_06)},
        "count_07": {"N": str(wide.count_07)},
        "count_08": {"N": str(wide.count_08)},
        "count_09": {"N": str(wide.count_09)},
        "count_10": {"N": str(wide.count_10)},
        "count_11": {"N": str(wide.count_11)},
        "count_12": {"N": str(wide.count_12)},
        "count_13": {"N": str(wide.count_13)},
        "count_14": {"N": str(wide.count_14)},
        "count_15": {"N": str(wide.count_15)},
        "count_16": {"N": str(wide.count_16)},
        "count_17": {"N": str(wide.count_17)},
        "count_18": {"N": str(wide.count_18)},
        "count_19": {"N": str(wide.count_19)},
        "count_20": {"N": str(wide.count_20)},
    }


def decode_wide(item: Item) -> Wide:
    return Wide(
        item["text_01"]["S"],
        item["text_02"]["S"],
        item["text_03"]["S"],
        item["text_04"]["S"],
        item["text_05"]["S"],
        item["text_06"]["S"],
        item["text_07"]["S"],
        item["text_08"]["S"],
        item["text_09"]["S"],
        item["text_10"]["S"],
        item["text_11"]["S"],
        item["text_12"]["S"],
        item["text_13"]["S"],
        item["text_14"]["S"],
        item["text_15"]["S"],
        item["text_16"]["S"],
        item["text_17"]["S"],
        item["text_18"]["S"],
        item["text_19"]["S"],
        item["text_20"]["S"],
        int(item["count_01"]["N"]),
        int(item["count_02"]["N"]),
        int(item["count_03"]["N"]),
        int(item["count_04"]["N"]),
        int(item["count_05"]["N"]),
        int(item["count_06"]["N"]),
        int(item["count_07"]["N"]),
        int(item["count_08"]["N"]),
        int(item["count_09"]["N"]),
        int(item["count_10"]["N"]),
        int(item["count_11"]["N"]),
        int(item["count_12"]["N"]),
        int(item["count_13"]["N"]),
        int(item["count_14"]["N"]),
        int(item["count_15"]["N"]),
        int(item["count_16"]["N"]),
        int(item["count_17"]["N"]),
        int(item["count_18"]["N"]),
        int(item["count_19"]["N"]),
        int(item["count_20"]["N"]),
    )
