"""Operations: accounts of batches, status, maintenance."""
