import science

science.filters
