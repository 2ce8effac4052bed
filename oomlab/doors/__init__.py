"""The ways in for those who have only pip: the course as files, JupyterLab on it, the site.

Each file is one command: materials `oomlab course`, jupyterlab `oomlab lab`, site `oomlab serve`.
"""
