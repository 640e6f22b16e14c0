"""Standard measurements: sets of definitions that most makers want, to be switched on and then theirs to change.

Terms of the foot follow ISO 9407 (Mondopoint) and ISO 19408, those of the body EN 13402-1 and ISO 8559-1. Usual ranges
are wide enough for children and adults; they are ours, chosen to catch a wrong unit or a slip, not a norm's.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from infra.database import Connection
from tenants.measurement_definitions import (
    MeasurementDefinition,
    MeasurementKind,
    upsert_measurement_definitions,
)
from tenants.upserts import Upserted

SetName = Literal["foot", "upper_body", "lower_body", "ring", "head", "wrist"]

_Range = tuple[int, int, int, int]
"""Hard minimum, soft minimum, soft maximum, hard maximum in millimetres."""


def _define(
    key: str,
    kind: MeasurementKind,
    label: tuple[str, str],
    range_mm: _Range,
    how: tuple[str, str],
    *,
    sided: bool = False,
    tolerance_mm: int = 2,
) -> MeasurementDefinition:
    """Texts in English and in Chinese."""
    hard_min, soft_min, soft_max, hard_max = (10 * one for one in range_mm)
    return MeasurementDefinition(
        id=key,
        label={"en": label[0], "zh": label[1]},
        kind=kind,
        sided=sided,
        soft_min_tenth_mm=soft_min,
        soft_max_tenth_mm=soft_max,
        hard_min_tenth_mm=hard_min,
        hard_max_tenth_mm=hard_max,
        tolerance_tenth_mm=10 * tolerance_mm,
        how={"en": how[0], "zh": how[1]},
        drawing=key,
    )


_FOOT = (
    _define(
        "foot_length", "foot", ("Foot length", "脚长"), (70, 140, 320, 400),
        (
            "Stand on a sheet of paper with your heel against a wall, your weight on both feet.\n"
            "Mark the tip of your longest toe.\n"
            "Measure from the wall to the mark, along the foot.",
            "脚跟靠墙站在纸上，双脚均匀受力。\n在最长的脚趾尖处做标记。\n沿脚的方向，从墙量到标记处。",
        ),
        sided=True,
    ),
    _define(
        "foot_width", "foot", ("Foot width", "脚宽"), (30, 50, 125, 160),
        (
            "Stand on a sheet of paper, your weight on both feet.\n"
            "Mark the ball of the foot on both sides, where it is widest.\n"
            "Measure straight from one mark to the other.",
            "双脚均匀受力站在纸上。\n在前脚掌最宽处两侧做标记。\n直线量两个标记之间的距离。",
        ),
        sided=True,
    ),
    _define(
        "ball_girth", "foot", ("Ball girth", "跖围"), (80, 130, 300, 400),
        (
            "Stand with your weight on both feet.\n"
            "Lay the tape around the ball of the foot, over the joints of the big and the little toe.\n"
            "Let it touch without pressing, and read.",
            "双脚均匀受力站立。\n软尺绕过大脚趾和小脚趾的关节，围前脚掌一圈。\n贴合但不勒紧，读数。",
        ),
        sided=True, tolerance_mm=3,
    ),
    _define(
        "instep_girth", "foot", ("Instep girth", "跗围"), (80, 130, 310, 420),
        (
            "Stand with your weight on both feet.\n"
            "Lay the tape around the middle of the foot, over its highest point and under the arch.\n"
            "Let it touch without pressing, and read.",
            "双脚均匀受力站立。\n软尺绕过脚背最高点和足弓，围脚中部一圈。\n贴合但不勒紧，读数。",
        ),
        sided=True, tolerance_mm=3,
    ),
    _define(
        "ankle_girth", "foot", ("Ankle girth", "踝围"), (80, 130, 330, 500),
        (
            "Stand with your weight on both feet.\n"
            "Lay the tape around the narrowest part, just above the ankle bones.\n"
            "Let it touch without pressing, and read.",
            "双脚均匀受力站立。\n软尺绕脚踝骨上方最细处一圈。\n贴合但不勒紧，读数。",
        ),
        sided=True, tolerance_mm=3,
    ),
    _define(
        "calf_girth", "foot", ("Calf girth", "小腿围"), (100, 180, 520, 750),
        (
            "Stand with your weight on both feet.\n"
            "Lay the tape around the widest part of the lower leg.\n"
            "Let it touch without pressing, and read.",
            "双脚均匀受力站立。\n软尺绕小腿最粗处一圈。\n贴合但不勒紧，读数。",
        ),
        sided=True, tolerance_mm=5,
    ),
)  # fmt: skip

_WAIST = _define(
    "waist_girth", "lower_body", ("Waist girth", "腰围"), (250, 430, 1450, 2200),
    (
        "Stand upright and breathe normally.\n"
        "Lay the tape level around the waist, between the lowest rib and the hip bone.\n"
        "Read at the end of a normal breath out.",
        "自然站直，正常呼吸。\n软尺水平绕腰一圈，位于最下肋骨与髋骨之间。\n正常呼气末读数。",
    ),
    tolerance_mm=10,
)  # fmt: skip

_UPPER_BODY = (
    _define(
        "height", "upper_body", ("Height", "身高"), (400, 650, 2100, 2500),
        (
            "Stand without shoes, back and heels against a wall, and look straight ahead.\n"
            "Let somebody lay a book level on your head against the wall, and mark its lower edge.\n"
            "Measure from the floor to the mark.",
            "脱鞋，背部和脚跟靠墙站立，目视前方。\n请人将书水平放在头顶并贴墙，在书的下缘做标记。\n从地面量到标记处。",
        ),
        tolerance_mm=5,
    ),
    _define(
        "neck_girth", "upper_body", ("Neck girth", "颈围"), (150, 220, 520, 800),
        (
            "Stand upright and look straight ahead.\nLay the tape around the neck, just below the Adam's apple.\nRead.",
            "自然站直，目视前方。\n软尺绕颈一圈，位于喉结下方。\n读数。",
        ),
        tolerance_mm=5,
    ),
    _define(
        "chest_girth", "upper_body", ("Chest girth", "胸围"), (300, 430, 1450, 2200),
        (
            "Stand upright, arms hanging, and breathe normally.\n"
            "Lay the tape level around the body, under the armpits and over the widest part of the chest.\n"
            "Read at the end of a normal breath out.",
            "自然站直，双臂下垂，正常呼吸。\n软尺水平绕身体一圈，经腋下和胸部最丰满处。\n正常呼气末读数。",
        ),
        tolerance_mm=10,
    ),
    _define(
        "bust_girth", "upper_body", ("Bust girth", "乳围"), (300, 550, 1500, 2200),
        (
            "Stand upright, arms hanging, and breathe normally.\n"
            "Lay the tape level around the body, over the fullest part of the bust.\n"
            "Read without pressing.",
            "自然站直，双臂下垂，正常呼吸。\n软尺水平绕身体一圈，经胸部最高点。\n不勒紧，读数。",
        ),
        tolerance_mm=10,
    ),
    _define(
        "underbust_girth", "upper_body", ("Underbust girth", "下胸围"), (300, 500, 1350, 2000),
        (
            "Stand upright and breathe normally.\nLay the tape level around the body, just below the bust.\nRead.",
            "自然站直，正常呼吸。\n软尺水平绕身体一圈，位于胸部下缘。\n读数。",
        ),
        tolerance_mm=10,
    ),
    _WAIST,
    _define(
        "arm_length", "upper_body", ("Arm length", "臂长"), (100, 180, 750, 1000),
        (
            "Bend the arm a little, hand on the hip.\n"
            "Lay the tape on the bone at the end of the shoulder and lead it over the elbow.\n"
            "Read at the bone of the wrist on the side of the little finger.",
            "手叉腰，手臂微弯。\n软尺从肩峰骨点开始，经肘部。\n量到小指一侧的腕骨处，读数。",
        ),
        sided=True, tolerance_mm=5,
    ),
)  # fmt: skip

_LOWER_BODY = (
    _WAIST,
    _define(
        "hip_girth", "lower_body", ("Hip girth", "臀围"), (300, 450, 1500, 2400),
        (
            "Stand upright, feet together.\nLay the tape level around the fullest part of the seat.\nRead without"
            " pressing.",
            "自然站直，双脚并拢。\n软尺水平绕臀部最丰满处一圈。\n不勒紧，读数。",
        ),
        tolerance_mm=10,
    ),
    _define(
        "thigh_girth", "lower_body", ("Thigh girth", "大腿围"), (150, 250, 900, 1300),
        (
            "Stand upright, feet a little apart.\nLay the tape level around the thigh, just below the seat.\nRead"
            " without pressing.",
            "自然站直，双脚略分开。\n软尺水平绕大腿根部一圈。\n不勒紧，读数。",
        ),
        sided=True, tolerance_mm=10,
    ),
    _define(
        "inside_leg_length", "lower_body", ("Inside leg length", "内腿长"), (100, 180, 1000, 1300),
        (
            "Stand upright without shoes, feet a little apart.\n"
            "Let somebody measure straight down, from the crotch to the floor.\n"
            "Read at the floor.",
            "脱鞋站直，双脚略分开。\n请人从裆部垂直量到地面。\n读数。",
        ),
        sided=True, tolerance_mm=10,
    ),
)  # fmt: skip

_RING = (
    _define(
        "ring_finger_girth", "ring", ("Ring finger girth", "无名指围"), (28, 38, 76, 100),
        (
            "Lay a strip of paper around the finger where the ring will sit.\n"
            "Mark where it overlaps; it must still pass over the joint.\n"
            "Lay the strip flat, and measure from its end to the mark.",
            "用纸条绕戴戒指处一圈。\n在重叠处做标记，纸圈须能通过指关节。\n展平纸条，量纸端到标记的长度。",
        ),
        sided=True, tolerance_mm=1,
    ),
)  # fmt: skip

_HEAD = (
    _define(
        "head_girth", "head", ("Head girth", "头围"), (280, 400, 650, 800),
        (
            "Lay the tape around the head, above the eyebrows and over the widest part at the back.\n"
            "Keep it level, without pressing.\nRead.",
            "软尺绕头一圈，经眉毛上方和脑后最突出处。\n保持水平，不勒紧。\n读数。",
        ),
        tolerance_mm=5,
    ),
)  # fmt: skip

_WRIST = (
    _define(
        "wrist_girth", "wrist", ("Wrist girth", "腕围"), (60, 90, 240, 350),
        (
            "Open the hand and relax it.\nLay the tape around the wrist, over the bone.\nRead without pressing.",
            "手张开放松。\n软尺绕腕骨处一圈。\n不勒紧，读数。",
        ),
        sided=True,
    ),
    _define(
        "hand_girth", "wrist", ("Hand girth", "掌围"), (70, 110, 280, 400),
        (
            "Open the hand, fingers together.\n"
            "Lay the tape around the hand, over the knuckles and without the thumb.\nRead without pressing.",
            "手张开，四指并拢。\n软尺绕手掌一圈，经指根关节，不含拇指。\n不勒紧，读数。",
        ),
        sided=True, tolerance_mm=3,
    ),
)  # fmt: skip

SETS: Mapping[SetName, Sequence[MeasurementDefinition]] = {
    "foot": _FOOT,
    "upper_body": _UPPER_BODY,
    "lower_body": _LOWER_BODY,
    "ring": _RING,
    "head": _HEAD,
    "wrist": _WRIST,
}


async def switch_on_sets(conn: Connection, names: Sequence[SetName]) -> Upserted:
    """Define these as shipped; a key that the shop defined itself becomes the shipped one."""
    wanted = {one.id: one for name in names for one in SETS[name]}
    return await upsert_measurement_definitions(conn, list(wanted.values()))
