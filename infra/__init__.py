"""The machines Lastbook runs on: nothing of the business."""
