"""The gradebook of nbgrader: marks go in, and what a teacher wrote there stays.

nbgrader is no dependency: `make test-nbgrader` runs these tests in an environment that has it.
"""

import copy

from nbgrader import api as nbgrader_api

from oomlab.grading.course.gradebook import to_gradebook


def result(student, name, **points):
    exercises = [{"name": exercise, "points": p, "of": 11} for exercise, p in points.items()]
    return {
        "student": student,
        "name": name,
        "source": f"{student}/level-2.ipynb",
        "sheet": "level-2",
        "exercises": exercises,
    }


CLASS = [
    result("alice", "Alice", **{"hand-off": 11, "kill-sharers": 4}),
    result("山田 太郎_7", "山田 太郎", **{"hand-off": 2, "kill-sharers": 0}),
]


def scores(database):
    with nbgrader_api.Gradebook(f"sqlite:///{database}") as book:
        return {
            (s.student.id, g.cell.name): (g.auto_score, g.manual_score, g.score, g.extra_credit)
            for s in book.assignment_submissions("level-2")
            for n in s.notebooks
            for g in n.grades
        }


def test_manual_scores_stay_when_marks_come_again(tmp_path):
    database = tmp_path / "gradebook.db"
    assert to_gradebook(CLASS, database) == []
    with nbgrader_api.Gradebook(f"sqlite:///{database}") as book:
        grade = book.find_grade("kill-sharers-check", "level-2", "level-2", "alice")
        grade.manual_score, grade.extra_credit = 9, 1
        book.find_student("alice").email = "alice@example.org"
        book.db.commit()
    again = copy.deepcopy(CLASS)
    again[0]["exercises"][1]["points"] = 6
    again[1]["exercises"][0]["points"] = 5
    (remark,) = to_gradebook(again, database)
    assert "the manual score 9 stays" in remark and "6 now" in remark
    found = scores(database)
    assert found["alice", "kill-sharers-check"] == (6, 9, 10, 1)
    assert found["alice", "hand-off-check"] == (11, None, 11, None)
    assert found["山田 太郎_7", "hand-off-check"] == (5, None, 5, None)
    with nbgrader_api.Gradebook(f"sqlite:///{database}") as book:
        assert book.find_student("alice").email == "alice@example.org"
        assert book.find_student("山田 太郎_7").last_name == "山田 太郎"


def test_an_exercise_that_came_later_and_a_student_without_a_notebook(tmp_path):
    database = tmp_path / "gradebook.db"
    to_gradebook(CLASS, database)
    more = result("alice", "Alice", **{"hand-off": 11, "kill-sharers": 4, "priority-allocator": 3})
    stranger = {**result("zoe", "Zoe", **{"hand-off": 0}), "source": ""}
    to_gradebook([more, stranger], database)
    found = scores(database)
    assert found["alice", "priority-allocator-check"][0] == 3
    assert not [key for key in found if key[0] == "zoe"]
