"""Days and diaries: working days, bank holidays, London time and calendar invitations."""
