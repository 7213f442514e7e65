"""Many contexts at once, one list each, as fast as training needs it: one kernel per formula."""
