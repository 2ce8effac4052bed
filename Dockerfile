# oomlab in a container, without git, make or a Python of one's own:
#
#   docker build -t oomlab .
#   docker run --rm -p 127.0.0.1:8888:8888 -v oomlab-course:/home/student/course oomlab
#
# The volume keeps what students write. The second stage has the wheel alone: no teacher's solution.
FROM python:3.13-slim AS wheel
WORKDIR /src
COPY . .
RUN pip wheel --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
COPY constraints.txt /tmp/constraints.txt
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir -c /tmp/constraints.txt "$(echo /wheels/*.whl)[lab]" \
    && useradd --create-home student && install -d -o student /home/student/course
USER student
WORKDIR /home/student
EXPOSE 8888
CMD ["oomlab", "lab", "course", "--no-browser", "--ip=0.0.0.0"]
