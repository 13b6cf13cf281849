"""The coordinates of a PDF's page: as the file has them, and as the page is shown."""

from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in points."""


@dataclass(frozen=True, slots=True)
class PageFrame:
    """The visible part of a page, in the file's coordinates, and how far it is turned.

    left, bottom, right, top: in points; y grows upwards
    quarter_turns:            clockwise, 0 to 3
    """

    left: float
    bottom: float
    right: float
    top: float
    quarter_turns: int = 0

    @property
    def width(self) -> float:
        """The width of the page as it is shown, in points."""
        return self.top - self.bottom if self.quarter_turns % 2 else self.right - self.left

    @property
    def height(self) -> float:
        """The height of the page as it is shown, in points."""
        return self.right - self.left if self.quarter_turns % 2 else self.top - self.bottom

    def shown(self, box: Box) -> Box:
        """Return a box in points from the lower left corner of the page as it is shown.

        >>> PageFrame(10, 0, 210, 100, quarter_turns=1).shown((10, 0, 15, 20))
        (0, 195, 20, 200)
        """
        left, right = box[0] - self.left, box[2] - self.left
        bottom, top = box[1] - self.bottom, box[3] - self.bottom
        if not self.quarter_turns:
            return left, bottom, right, top
        width, height = self.right - self.left, self.top - self.bottom
        if self.quarter_turns == 1:
            return bottom, width - right, top, width - left
        if self.quarter_turns == 2:
            return width - right, height - top, width - left, height - bottom
        return height - top, left, height - bottom, right
