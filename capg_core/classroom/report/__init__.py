"""What a class has handed in: ``python -m capg_core.classroom.report FOLDER``.

It reads what the notebooks store, and runs none of their code. Nothing leaves the machine.
"""
