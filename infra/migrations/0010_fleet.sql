-- Fleet and verticals: trainings of many tenants at once, and what tenants share with others of their kind.
select 1;
