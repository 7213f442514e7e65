"""The course as a folder of pages, with sliders that work, and no kernel: ``python -m capg_core.classroom.site OUT``.

The pages are the notebooks as they are stored. Each panel is drawn at the settings of its lesson's ``site.py``, picture
and sentence by the panel itself, and the page shows the one that its controls ask for.
"""
